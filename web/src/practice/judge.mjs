// Marks a question that the build posed before Python runs: right, a wrong answer that is known, or what can be said
// truly of any other number. Python marks everything else, and everything once it runs.
import { expected, parseNumber } from '../numbers.mjs';
import { hint } from '../text/step.mjs';
import { say } from '../words.mjs';

const same = (field, text, answer) =>
  (field.form === 'number' ? parseNumber(text) === parseNumber(answer) : text.trim() === answer);

function markField(field, text, { answers, wrong }) {
  const made = (id, message, credit, right = false, said = null) => ({ field: field.id, id, message, credit, right, said });
  if (!text.trim()) return made('malformed', say('There is no answer here yet.'), 0);
  if (field.form === 'number' && parseNumber(text) === null) return made('malformed', say('Please give {expected}.', { expected: expected() }), 0);
  if (same(field, text, answers[field.id])) return made('right', say('Right.'), 1, true);
  const known = wrong.find((one) => one.field === field.id && same(field, text, one.answer));
  if (known) return made(known.id, known.message, known.credit);
  if (field.form !== 'number') return made('unknown', say('This is not it.'), 0);
  return made('unknown', '', 0, false, hint(parseNumber(text), parseNumber(answers[field.id])));
}

// As layercost.questions.service.mark answers; `said` is a whole sentence in place of a diagnosis.
export function judge(posed, answers) {
  const fields = posed.fields.map((field) => markField(field, answers[field.id] ?? '', posed.known));
  const share = fields.reduce((sum, mark) => sum + mark.credit, 0) / fields.length;
  return { fields, share, malformed: fields.some(({ id }) => id === 'malformed') };
}
