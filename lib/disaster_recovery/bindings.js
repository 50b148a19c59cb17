// Node's part of bindings.py: the package's index requires each of its 2,200 files; here it requires one when it is asked
// for. Only lines of the form `exports.vpc = require("./vpc");` change, and only in that file.
const Module = require("node:module");

const INDEX = /[\\/]provider-aws[\\/]lib[\\/]index\.js$/;
const LINE = /^exports\.(\w+) = require\((".+")\);$/gm;
const LATER = 'Object.defineProperty(exports, "$1", { enumerable: true, configurable: true, get: () => require($2) });';

const compile = Module.prototype._compile;
Module.prototype._compile = function (content, filename, ...rest) {
  return compile.call(this, INDEX.test(filename) ? content.replace(LINE, LATER) : content, filename, ...rest);
};
