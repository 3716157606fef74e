"""Marks when the interpreter has started; Python imports this by itself."""

import marks

marks.mark("interpreter")
