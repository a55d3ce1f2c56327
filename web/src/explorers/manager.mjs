// ipywidgets' models and views in the page, with no kernel: it draws the state that the book's build left.
import * as base from '@jupyter-widgets/base';
import { ManagerBase } from '@jupyter-widgets/base-manager';
import * as controls from '@jupyter-widgets/controls';
import { Widget } from '@lumino/widgets';
import { morph } from './morph.mjs';
import { NumberView } from './number.mjs';

// HTML that changes in place instead of being replaced (see morph.mjs).
class MorphingHTMLView extends controls.HTMLView {
  update() {
    morph(this.content, this.model.get('value'));
    return controls.DescriptionView.prototype.update.call(this);
  }
}

const CLASSES = {
  '@jupyter-widgets/base': base,
  '@jupyter-widgets/controls': { ...controls, HTMLView: MorphingHTMLView, IntSliderView: NumberView },
};

// Boxes make their children's views later than themselves: wait until all of the tree is in the page.
async function wholeView(view) {
  await view.displayed;
  const children = await Promise.all(view.children_views?.views ?? []);
  await Promise.all(children.map(wholeView));
}

export class PageManager extends ManagerBase {
  async loadClass(name, module) {
    const found = CLASSES[module]?.[name];
    if (!found) throw new Error(`This page cannot show ${name} of ${module}; explorers use @jupyter-widgets/controls`);
    return found;
  }

  // No kernel yet: the models keep the reader's changes in their buffers until Python adopts them.
  async _create_comm() {
    throw new Error('Python does not run in this page yet');
  }

  async _get_comm_info() {
    return {};
  }

  async show(modelId, host) {
    const view = await this.create_view(await this.get_model(modelId));
    Widget.attach(view.luminoWidget, host);
    await wholeView(view);
    return view;
  }
}
