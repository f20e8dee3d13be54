import type { Plugin } from 'vite';

// Lucide's components put each icon together from data when it is drawn, attribute by attribute, for options that nothing here uses. Here the same
// drawing becomes markup that the browser copies in one piece; a page has some thirty of them.

type Node = [tag: string, attributes: Record<string, string>, children?: Node[]];

const markup = (nodes: Node[]): string =>
  nodes.map(([tag, attributes, children = []]) => `<${tag}${Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`).join('')}>${markup(children)}</${tag}>`).join('');

/** A component with the drawing of one of Lucide's, from that one's source. It takes `size` and `class`, and is hidden from screen readers: words stand beside it. */
export function iconComponent(source: string): string {
  const data = /^const iconData = (\{.*\});$/m.exec(source)?.[1];
  if (data === undefined) throw new Error('an icon of Lucide has no iconData');
  const { name, size, node, aliases = [] } = JSON.parse(data) as { name: string; size: number; node: Node[]; aliases?: string[] };
  const classes = ['lucide', ...[name, ...aliases].map((word) => `lucide-${word}`)].join(' ');
  return `<script lang="ts">
  let { size = ${size}, class: more }: { size?: number; class?: string } = $props();
</script>

<svg xmlns="http://www.w3.org/2000/svg" width={size} height={size} viewBox="0 0 ${size} ${size}" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" class={['${classes}', more]} aria-hidden="true">${markup(node)}</svg>
`;
}

/** Puts these components in place of Lucide's. */
export function icons(): Plugin {
  return {
    name: 'icons',
    enforce: 'pre',
    transform: { filter: { id: /@lucide\/svelte\/dist\/icons\/[a-z0-9-]+\.svelte$/ }, handler: (source) => ({ code: iconComponent(source), map: null }) },
  };
}
