/** The generation a model's name tells, `gemini-2.5-flash` → 2.5; `null` where it tells none. */
export function generationOf(model: string): number | null {
  const [, number] = /gemini-(\d+(?:\.\d+)?)/.exec(model) ?? [];
  return number === undefined ? null : Number(number);
}

/** What changed with Gemini 3: levels of thinking, signatures that must be there, media in results, tools side by side. */
export function isGemini3(model: string): boolean {
  return (generationOf(model) ?? 0) >= 3;
}
