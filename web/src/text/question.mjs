// What guesses and steps share: a wish that came before this script did is granted now, and nothing typed is lost.

// grant(question, act): act at once if the reader asked for it while the page was loading.
export function grant(question, act) {
  question.dataset.ready = 'yes';
  if (!('wish' in question.dataset)) return;
  delete question.dataset.wish;
  act();
}

// Enter in the field does what the button does.
export function onEnter(input, act) {
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing) return;
    event.preventDefault();
    act();
  });
}
