package pack

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// TrailerSize is the length in bytes of the last section.
const TrailerSize = 48

// magic ends in the version of the format.
const magic = "AMBTPCK\x01"

// ErrCorrupt says that stored bytes are not what was written, or never were a stored pack.
var ErrCorrupt = errors.New("pack: corrupt stored pack")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// trailer locates the sections: pack at 0, then idx, then aux, then the trailer itself.
type trailer struct {
	packLen, idxLen, auxLen int64
	idxCRC, auxCRC          uint32 // CRC-32C of idx and aux, cheap enough to be checked at every opening
}

func (t trailer) format() []byte {
	b := append(make([]byte, 0, TrailerSize), magic...)
	b = binary.BigEndian.AppendUint64(b, uint64(t.packLen))
	b = binary.BigEndian.AppendUint64(b, uint64(t.idxLen))
	b = binary.BigEndian.AppendUint64(b, uint64(t.auxLen))
	b = binary.BigEndian.AppendUint32(b, t.idxCRC)
	b = binary.BigEndian.AppendUint32(b, t.auxCRC)
	b = append(b, 0, 0, 0, 0) // reserved
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseTrailer parses the last TrailerSize bytes of a stored pack of size bytes. The error is ErrCorrupt.
func parseTrailer(b []byte, size int64) (trailer, error) {
	if len(b) != TrailerSize || string(b[:8]) != magic ||
		binary.BigEndian.Uint32(b[44:]) != crc32.Checksum(b[:44], castagnoli) {
		return trailer{}, ErrCorrupt
	}
	t := trailer{
		packLen: int64(binary.BigEndian.Uint64(b[8:])),
		idxLen:  int64(binary.BigEndian.Uint64(b[16:])),
		auxLen:  int64(binary.BigEndian.Uint64(b[24:])),
		idxCRC:  binary.BigEndian.Uint32(b[32:]),
		auxCRC:  binary.BigEndian.Uint32(b[36:]),
	}
	for _, n := range []int64{t.packLen, t.idxLen, t.auxLen} {
		if n < 0 || n > size {
			return trailer{}, ErrCorrupt
		}
	}
	if t.packLen+t.idxLen+t.auxLen+TrailerSize != size || t.packLen < headerSize+sumSize {
		return trailer{}, ErrCorrupt
	}
	return t, nil
}
