/** A width given by script: a style attribute would need a weaker content security policy. */
import { Directive, directive, PartType, type ElementPart, type PartInfo } from 'lit/directive.js';
import { nothing } from 'lit';

class WidthDirective extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('width() belongs on an element');
  }

  override update(part: ElementPart, [width]: [string]): typeof nothing {
    if (part.element instanceof HTMLElement) part.element.style.width = width;
    return nothing;
  }

  render(_width: string): typeof nothing {
    return nothing;
  }
}

/** Sets the width of the element that it stands on. */
export const width = directive(WidthDirective);
