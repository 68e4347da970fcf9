/** Said in a sentence, without a stack trace: what was asked for cannot be measured here. */
export class Refusal extends Error {}
