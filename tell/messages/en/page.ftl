### The live page.
