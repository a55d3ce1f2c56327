// The page script, loaded as a module on every page. Each feature starts only where the page has use for it.
import { startConvention } from './convention.mjs';
import { startOffline } from './offline/page.mjs';
import { startChallenges } from './text/challenge.mjs';
import { startChips } from './text/chip.mjs';
import { startCopyButtons } from './text/copy.mjs';
import { startDrills } from './text/drill.mjs';
import { startFollowing } from './text/following.mjs';
import { startGuesses } from './text/guess.mjs';
import { startOpening } from './text/opening.mjs';
import { startPulled } from './text/pulled.mjs';
import { startReading } from './text/reading.mjs';
import { startScrollShadows } from './text/scroll.mjs';
import { startSteps } from './text/step.mjs';
import { startSymbols } from './text/symbols.mjs';

const features = [
  startChips, startFollowing, startConvention, // the state last: what follows it listens already
  startChallenges, startCopyButtons, startDrills, startGuesses, startOffline, startOpening, startPulled, startReading, startScrollShadows, startSteps,
  startSymbols,
];

for (const start of features) {
  try {
    start();
  } catch (error) {
    console.error(`${start.name} failed`, error); // one broken feature must not take the others with it
  }
}

if (document.querySelector('.lc-live')) {
  import('./explorers/page.mjs').then(({ startExplorers }) => startExplorers()).catch((error) => {
    console.error('The explorers stay as they were printed:', error);
  });
}

// The pages on which Python answers without an explorer, by the element in which it does.
const PAGES = {
  '.lc-practice': () => import('./practice/practice.mjs').then(({ startPractice }) => startPractice()),
  '.lc-own-model': () => import('./own/own_model.mjs').then(({ startOwnModel }) => startOwnModel()),
  '.lc-exam': () => import('./practice/exam.mjs').then(({ startExams }) => startExams()),
};

for (const [place, start] of Object.entries(PAGES)) {
  if (document.querySelector(place)) start().catch((error) => console.error('The page stays as it was printed:', error));
}
