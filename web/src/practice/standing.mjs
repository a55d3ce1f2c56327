// Where the reader stands: how well each skill sits, as a bar with its number, and how that is computed.
import { element } from '../dom.mjs';
import { say } from '../words.mjs';
import { chapterOf, percent, skillsInUse, skillWords } from './bank.mjs';
import { FADING, REMEMBERED } from './progress.mjs';

export function bar(share) {
  const drawn = element('span.lc-mastery-bar', { 'aria-hidden': 'true' }, element('span'));
  drawn.style.setProperty('--lc-part', share);
  return drawn;
}

function row(skill, { share, count }) {
  const answers = count === 1 ? say('1 answer') : say('{count} answers', { count });
  return element('li.lc-mastery', {},
    element('a', { href: chapterOf(skill) }, skillWords(skill)), bar(share),
    element('span.lc-mastery-share', {}, percent(share)), element('span.lc-mastery-count', {}, answers));
}

export function standing(progress) {
  const list = element('ul.lc-masteries');
  const none = element('p.lc-none', {}, say('Nothing yet: answer a question, and the skills that it trains appear here.'));
  const why = element('details.lc-why-mastery', {}, element('summary', {}, say('How this is computed')),
    element('p', {}, say('Each bar is the share of the points that your last {count} answers of this skill earned, first attempts only; each answer counts {percent} % of the one after it. As if an answer without points stood before your first, one right answer fills the bar by {one} %, and three by {three} %.', {
      count: REMEMBERED, percent: Math.round(100 * FADING), one: Math.round(100 / (1 + FADING)),
      three: Math.round((100 * (1 + FADING + FADING ** 2)) / (1 + FADING + FADING ** 2 + FADING ** 3)),
    })));
  const refresh = () => {
    const known = skillsInUse().map((skill) => ({ skill, ...progress.mastery(skill) })).filter(({ count }) => count);
    known.sort((a, b) => a.share - b.share);
    list.replaceChildren(...known.map(({ skill, ...mastery }) => row(skill, mastery)));
    none.hidden = known.length > 0;
    why.hidden = known.length === 0;
  };
  refresh();
  const title = element('h2', { id: 'where-you-stand' }, say('Where you stand'));
  return { element: element('section.lc-standing', { 'aria-labelledby': 'where-you-stand' }, title, none, list, why), refresh };
}
