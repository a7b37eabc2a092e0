// The chart library, a file of its own: pages without charts do not load it.
export { default } from 'uplot';
