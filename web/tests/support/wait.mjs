// Waiting is polling for a condition with a deadline.
const STEP = 40; // ms

export const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Thrown by a look that will never find it.
export class Hopeless extends Error {}

// What `look` gives once it is something; what it throws counts as nothing yet.
export async function until(what, look, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  let last = '';
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
      last = `it is ${JSON.stringify(found)}`;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error.message;
    }
    if (Date.now() > end) throw new Error(`waited ${seconds} s for: ${what}; ${last}`);
    await rest(STEP);
  }
}
