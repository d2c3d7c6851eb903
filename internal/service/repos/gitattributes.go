package repos

import (
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Patterns of files that new repositories keep as large files.
// Source: public copies of the Hub's template, see docs/protocol/repositories.md.
const (
	lfsPatterns = `*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack
		*.npy *.npz *.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.*
		*.tar *.tflite *.tgz *.wasm *.xz *.zip *.zst *tfevents*`
	lfsDatasetPatterns = `*.lz4 *.mds *.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff
		*.jpg *.jpeg *.webp *.mp4 *.webm`
)

// DefaultAttributes returns the .gitattributes of a new repository of type t.
func DefaultAttributes(t hub.RepoType) []byte {
	patterns := strings.Fields(lfsPatterns)
	if t == hub.Dataset {
		patterns = append(patterns, strings.Fields(lfsDatasetPatterns)...)
	}
	var b strings.Builder
	for _, p := range patterns {
		b.WriteString(p)
		b.WriteString(" filter=lfs diff=lfs merge=lfs -text\n")
	}
	return []byte(b.String())
}
