import { mount } from 'svelte';
import '../app.css';
import { confirmations } from '../confirm/variants';
import Gallery from './Gallery.svelte';
import { screenOf } from './screens';
import { stories, storyNamed } from './stories';
import { variants } from './variants';

// Every state of every screen, for whoever works on how they look: `cargo xtask gallery`. The states are those that the tests look at.

const screens: Record<string, string[]> = {};
for (const [name, variant] of Object.entries(variants(storyNamed('first-connection'), stories))) (screens[screenOf(variant)] ??= []).push(name);
screens['Confirm a payment'] = Object.keys(confirmations).map((name) => `confirm/${name}`);

const target = document.getElementById('gallery');
if (!target) throw new Error('the page has no #gallery');
mount(Gallery, { target, props: { screens } });
document.documentElement.dataset['ready'] = 'true';
