import type { Story } from '../lib/backend/story';

/** What was recorded of the real program (`UPDATE_STORIES=1`, see CONTRIBUTING.md). */
export const stories = Object.values(import.meta.glob<Story>('../lib/backend/stories/*.json', { eager: true, import: 'default' }));

export function storyNamed(wanted: string): Story {
  const story = stories.find(({ name }) => name === wanted);
  if (!story) throw new Error(`no story "${wanted}"; there are ${stories.map(({ name }) => name).join(', ')}`);
  return story;
}
