"""The parts of the HTML report: markup that escapes by itself, pictures, sections, style and script."""
