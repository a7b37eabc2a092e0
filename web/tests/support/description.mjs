// What web/openapi.json says, held against what is answered.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import { OPENAPI } from './site.mjs';

const NAME = 'openapi.json';
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// Fields that are not described are faults: wherever an object is described, it is described wholly. Parts of an
// `allOf` are not, what they make together is.
function closed(value, isPart = false) {
  if (Array.isArray(value)) return value.map((one) => closed(one));
  if (!isObject(value)) return value;
  const made = {};
  for (const [key, one] of Object.entries(value)) {
    made[key] = key === 'allOf' ? one.map((part) => closed(part, true)) : closed(one);
  }
  const isSchema = 'properties' in value ? isObject(value.properties) && value.type === 'object' : 'allOf' in value || '$ref' in value;
  if (isSchema && !isPart) made.unevaluatedProperties = false;
  return made;
}

export class Description {
  constructor() {
    this.document = JSON.parse(readFileSync(OPENAPI, 'utf8'));
    const checked = structuredClone(this.document);
    // A schema is closed where it is used: some are parts of others.
    checked.paths = closed(checked.paths);
    checked.components.schemas = Object.fromEntries(
      Object.entries(checked.components.schemas).map(([name, one]) => [name, closedInside(one)]),
    );
    this.ajv = new Ajv({ strict: false, allErrors: false, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ } });
    this.ajv.addSchema(checked, NAME);
    this.met = new Set(); // operations that were answered with 200
  }

  // [{path, method, operation}] of a service: dashboard, local, visualizer.
  operations(service) {
    const all = [];
    for (const [path, item] of Object.entries(this.document.paths)) {
      for (const method of ['get', 'post']) {
        const operation = item[method];
        if (!operation || !operation['x-services'].includes(service)) continue;
        all.push({ path, method: method.toUpperCase(), operation: { ...operation, parts: item.parameters ?? [] } });
      }
    }
    return all;
  }

  validator(pointer, more = {}) {
    this.validators ??= new Map();
    if (!this.validators.has(pointer)) this.validators.set(pointer, this.ajv.compile({ $ref: `${NAME}#${pointer}`, ...more }));
    return this.validators.get(pointer);
  }

  // Status, type and every field.
  check(method, path, answer, what = path) {
    const escaped = path.replace(/~/g, '~0').replace(/\//g, '~1').replace(/[{}]/g, (c) => encodeURIComponent(c));
    const said = this.document.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
    assert.ok(said, `${method} ${what} answers ${answer.status}, which is not described: ${answer.text.slice(0, 300)}`);
    const at = said.$ref ? said.$ref.slice(1) : `/paths/${escaped}/${method.toLowerCase()}/responses/${answer.status}`;
    const { content } = said.$ref ? this.document.components.responses[said.$ref.split('/').pop()] : said;
    const type = Object.keys(content).find((one) => answer.type.startsWith(one));
    assert.ok(type, `${method} ${what} (${answer.status}) is of type ${answer.type}`);
    if (type === 'application/json') {
      const validate = this.validator(`${at}/content/application~1json/schema`);
      assert.ok(validate(answer.json), `${method} ${what}: ${this.ajv.errorsText(validate.errors)} ${JSON.stringify(validate.errors?.[0]?.params)}\nin ${answer.text.slice(0, 2000)}`);
    }
    if (answer.status === 200) this.met.add(`${method} ${path}`);
    return answer;
  }
  checkAs(schema, value, what) {
    const validate = this.validator(`/components/schemas/${schema}`, { unevaluatedProperties: false });
    assert.ok(validate(value), `${what}: ${this.ajv.errorsText(validate.errors)} ${JSON.stringify(validate.errors?.[0]?.params)}`);
  }
}

// The parts of a component, but not itself.
function closedInside(schema) {
  const made = closed(schema);
  delete made.unevaluatedProperties;
  return made;
}

export function filled(path, values) {
  return path.replace(/\{(\w+)\}/g, (_, name) => {
    assert.ok(name in values, `no value for {${name}} of ${path}`);
    return encodeURIComponent(values[name]);
  });
}
