// A component that is drawn again only when one of its properties is another.
import { Component, h, type ComponentType, type VNode } from 'preact';

export function memo<P extends object>(Inner: ComponentType<P>): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const now = this.props as Record<string, unknown>;
      const then = next as Record<string, unknown>;
      const names = Object.keys(then);
      return names.length !== Object.keys(now).length || names.some((name) => now[name] !== then[name]);
    }
    render(): VNode {
      return h(Inner as ComponentType<object>, this.props);
    }
  };
}
