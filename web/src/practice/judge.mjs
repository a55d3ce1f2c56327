// Marks a question that the build posed before Python runs: right, a wrong answer that is known, or what can be said
// truly of any other number. Python marks everything else, and everything once it runs.
import { exact, judge as judgeNumber } from '../text/verdict.mjs';
import { say } from '../words.mjs';

const wrongOf = ({ id, message, credit }) => ({ id, message, credit });
const RIGHT = () => ({ id: 'right', message: say('Right.'), credit: 1, right: true });
const malformed = (message) => ({ id: 'malformed', message, credit: 0 });

function markNumber(field, text, answer, wrong) {
  const diagnoses = wrong.map((one, id) => ({ answer: one.answer, text: one.message, id }));
  const { verdict, words, id } = judgeNumber(text, exact(answer), diagnoses, field.counted);
  if (verdict === 'unclear') return malformed(words);
  if (verdict === 'right') return RIGHT();
  return id !== undefined ? wrongOf(wrong[id]) : { id: 'unknown', message: '', said: words, credit: 0 };
}

function markChoice(text, answer, wrong) {
  if (!text) return malformed(say('There is no answer here yet.'));
  if (text === answer) return RIGHT();
  const known = wrong.find((one) => one.answer === text);
  return known ? wrongOf(known) : { id: 'unknown', message: say('This is not it.'), credit: 0 };
}

function markField(field, text, { answers, wrong }) {
  const own = wrong.filter((one) => one.field === field.id);
  const mark = field.form === 'number' ? markNumber(field, text, answers[field.id], own) : markChoice(text, answers[field.id], own);
  return { field: field.id, right: false, ...mark };
}

// As layercost.questions.service.mark answers; `said` is a whole sentence in place of a diagnosis.
export function judge(posed, answers) {
  const fields = posed.fields.map((field) => markField(field, answers[field.id] ?? '', posed.known));
  const share = fields.reduce((sum, mark) => sum + mark.credit, 0) / fields.length;
  return { fields, share, malformed: fields.some(({ id }) => id === 'malformed') };
}
