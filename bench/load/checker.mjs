/** Checks answers that are the same every time: one equal to an answer already found good needs no second look. */
const MAX_KNOWN = 64;

export class Checker {
  constructor(faultOf) {
    this.faultOf = faultOf;
    this.good = new Set();
    this.wrong = 0;
    this.fault = '';
  }

  check({ status, text }) {
    if (status === 200 && this.good.has(text)) return true;
    const fault = status === 200 ? this.faultOf(text) : `status ${status}: ${text.slice(0, 300)}`;
    if (fault === null) {
      if (this.good.size < MAX_KNOWN) this.good.add(text);
      return true;
    }
    this.note(fault);
    return false;
  }

  note(fault) {
    this.wrong += 1;
    this.fault ||= fault;
  }
}
