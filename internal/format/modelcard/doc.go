// Package modelcard reads the metadata of a repository's README.md: the YAML front matter between two lines
// of three dashes. It turns it into a JSON-safe object, derives the tags by which repositories are found,
// validates it, and writes the front matter of new repositories.
//
// Everything here is pure: bytes in, values out, bounded time and memory for any input.
// Sources: huggingface_hub repocard.py and repocard_data.py (what clients write and read back), and the
// Hub documentation "Model Cards", "Dataset Cards" and "Spaces Configuration Reference".
package modelcard
