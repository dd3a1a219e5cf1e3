package tppextractsim

import (
	"encoding/binary"
	"fmt"
)

// Signatures and sizes of the zip format (PKWARE APPNOTE 6.3, sections 4.3 and 8.5).
const (
	spanningMark  = "PK\x07\x08"
	directoryMark = "PK\x01\x02"
	directorySize = 46
	endMark       = "PK\x05\x06"
	endSize       = 22
)

// volumes cuts a zip into the volumes of a split archive: SRExtract.z01, .z02, ...
// and .zip last. The first begins with a mark of its own; the directory says of
// each entry in which volume it begins and where there. The directory is kept in
// one volume, which the format allows.
func volumes(whole []byte, size int) ([]file, error) {
	end := len(whole) - endSize
	if end < 0 || string(whole[end:end+4]) != endMark {
		return nil, fmt.Errorf("the zip does not end as one without a comment does")
	}
	directory := int(binary.LittleEndian.Uint32(whole[end+16:]))
	body := append([]byte(spanningMark), whole[:directory]...)
	var cut [][]byte
	for len(body) > size {
		cut, body = append(cut, body[:size]), body[size:]
	}
	last := append(append([]byte(nil), body...), whole[directory:]...)
	number := len(cut)
	for at := len(body); string(last[at:at+4]) == directoryMark; {
		e := last[at:]
		offset := int(binary.LittleEndian.Uint32(e[42:])) + len(spanningMark)
		binary.LittleEndian.PutUint16(e[34:], uint16(min(offset/size, number)))
		binary.LittleEndian.PutUint32(e[42:], uint32(offset-min(offset/size, number)*size))
		at += directorySize + int(binary.LittleEndian.Uint16(e[28:])) + int(binary.LittleEndian.Uint16(e[30:])) + int(binary.LittleEndian.Uint16(e[32:]))
	}
	tail := last[len(last)-endSize:]
	binary.LittleEndian.PutUint16(tail[4:], uint16(number))
	binary.LittleEndian.PutUint16(tail[6:], uint16(number))
	binary.LittleEndian.PutUint32(tail[16:], uint32(len(body)))
	var out []file
	for i, c := range cut {
		out = append(out, file{fmt.Sprintf("SRExtract.z%02d", i+1), c})
	}
	return append(out, file{"SRExtract.zip", last}), nil
}
