"""Says where the packaged model lies, for git to commit."""

from checklib import minilm_files

print(minilm_files())
