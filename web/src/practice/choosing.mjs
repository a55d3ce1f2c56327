// What to practise: all topics mixed, or those that the reader chooses, of the levels and kinds that are wanted.
import { all, element, freshId } from '../dom.mjs';
import { say } from '../words.mjs';
import { catalogue, kindsInUse, kindWords, skillsInUse, skillWords } from './bank.mjs';

const allows = (wanted, found) => !wanted?.length || found.some((one) => wanted.includes(one));

export const fits = ({ skills, level, kind }, { skills: topics, levels, kinds }) =>
  allows(topics, skills) && allows(levels, [level]) && allows(kinds, [kind]);

function group(title, options, wanted, onChange) {
  const boxes = options.map(({ value, words }) => {
    const input = element('input', { type: 'checkbox', id: freshId('wish'), checked: Boolean(wanted?.includes(value)) });
    input.addEventListener('change', onChange);
    return { value, input, box: element('span.lc-wish', {}, input, element('label', { for: input.id }, words)) };
  });
  return {
    element: element('fieldset.lc-wishes', {}, element('legend', {}, title), ...boxes.map(({ box }) => box)),
    show: (now) => boxes.forEach(({ value, input }) => { input.checked = Boolean(now?.includes(value)); }),
    chosen: () => boxes.filter(({ input }) => input.checked).map(({ value }) => value),
  };
}

export function chooser(progress, onChange) {
  const count = element('p.lc-wished', { 'aria-live': 'polite' });
  const { wishes } = progress.kept;
  const tell = () => {
    const found = catalogue.filter((question) => fits(question, progress.kept.wishes)).length;
    count.textContent = say('{found} of {all} questions fit. What is left open is mixed.', { found, all: catalogue.length });
  };
  const change = async () => {
    const wished = { skills: topics.chosen(), levels: levels.chosen(), kinds: kinds.chosen() };
    await progress.change((kept) => { kept.wishes = wished; });
    tell();
    onChange();
  };
  const topics = group(say('Topics'), skillsInUse().map((value) => ({ value, words: skillWords(value) })), wishes.skills, change);
  const levels = group(say('Levels'), [1, 2, 3].map((value) => ({ value, words: String(value) })), wishes.levels, change);
  const kinds = group(say('Kinds'), kindsInUse().map((value) => ({ value, words: kindWords(value) })), wishes.kinds, change);
  const mixed = element('button', { type: 'button' }, say('Mix all'));
  const box = element('details.lc-choosing', {}, element('summary', {}, say('Choose what to practise')),
    topics.element, levels.element, kinds.element, element('p', {}, mixed), count);
  mixed.addEventListener('click', () => {
    all('input', box).forEach((input) => { input.checked = false; });
    change();
  });
  const refresh = () => {
    const now = progress.kept.wishes;
    topics.show(now.skills);
    levels.show(now.levels);
    kinds.show(now.kinds);
    tell();
  };
  tell();
  return { element: box, refresh };
}
