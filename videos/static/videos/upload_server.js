// What the server knows of an address, and which of its answers pass by themselves.

import { problemInWords } from "./upload_words.js";

export const isPassing = (status) => status === 0 || status === 429 || status >= 500;

export async function stateAt(endpoint) {
  let answer;
  try {
    answer = await fetch(endpoint, { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
    if (answer.ok) return { state: await answer.json() };
  } catch {
    return { status: 0, problem: problemInWords(0, "") };
  }
  return { status: answer.status, problem: problemInWords(answer.status, await answer.text()) };
}
