// Stands for the FEEL editor of dmn-js, which no table here opens: cells are S-FEEL as the server compiles it, in plain fields.
export default class FeelEditor {
  constructor() { throw new Error("tables here are written in plain fields"); }
}
