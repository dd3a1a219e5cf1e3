package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// sizeLimit bounds a file, in bytes: a year of a large practice is a tenth of it.
const sizeLimit = 32 << 20

// survey is what a first pass over a file finds out.
type survey struct {
	encoding encoding
	ended    bool // the last line has its line end
}

type encoding uint8

const (
	utf8Text encoding = iota
	utf16Text
	windowsText
)

func (e encoding) String() string {
	switch e {
	case utf16Text:
		return "UTF-16"
	case windowsText:
		return "Windows-1252"
	case utf8Text:
	}
	return "UTF-8"
}

var (
	markUTF8  = []byte{0xEF, 0xBB, 0xBF}
	markUTF16 = []byte{0xFF, 0xFE}
)

// surveyOf reads a whole file once. Text that is not UTF-8 throughout and says
// nothing of itself is taken for Windows-1252, in which Excel saves CSV here.
func surveyOf(ctx context.Context, r io.Reader) (survey, error) {
	var s surveyor
	buf := make([]byte, 64<<10)
	for {
		if err := ctx.Err(); err != nil {
			return survey{}, fmt.Errorf("read the file: %w", err)
		}
		n, err := io.ReadFull(r, buf)
		if problem := s.look(buf[:n]); problem != nil {
			return survey{}, problem
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return s.found(), nil
		}
		if err != nil {
			return survey{}, broken("read the file", err)
		}
	}
}

// surveyor looks at a file block by block.
type surveyor struct {
	encoding encoding
	total    int    // bytes so far
	last     []byte // the last two of them
	rest     []byte // what may be the first half of a character in UTF-8
}

func (s *surveyor) look(block []byte) error {
	if s.total == 0 {
		if err := refuseOtherKinds(block); err != nil {
			return err
		}
		if bytes.HasPrefix(block, markUTF16) {
			s.encoding = utf16Text
		}
	}
	if s.encoding != utf16Text && bytes.IndexByte(block, 0) >= 0 {
		return errors.New("the file holds bytes that no text has: save it as CSV (UTF-8)")
	}
	if s.encoding == utf8Text {
		if s.rest = validUTF8(append(s.rest, block...)); len(s.rest) >= utf8.UTFMax {
			s.encoding = windowsText
		}
	}
	s.total += len(block)
	if len(block) > 0 {
		s.last = append(s.last[:0], block[max(0, len(block)-2):]...)
	}
	return nil
}

// found sums up. Half a character left over at the very end is that of a cut
// file: to take the whole file for Windows-1252 would spoil every name in it.
func (s *surveyor) found() survey {
	ended := bytes.HasSuffix(s.last, []byte{'\n'})
	if s.encoding == utf16Text {
		ended = s.total%2 == 0 && bytes.Equal(s.last, []byte{'\n', 0})
	}
	return survey{encoding: s.encoding, ended: ended}
}

// validUTF8 drops what is valid from the front and gives the rest: up to three
// bytes of a character that the block cut in two, or more when it is no UTF-8.
func validUTF8(b []byte) []byte {
	for len(b) > 0 {
		if !utf8.FullRune(b) {
			return bytes.Clone(b)
		}
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			return make([]byte, utf8.UTFMax)
		}
		b = b[size:]
	}
	return nil
}

// refuseOtherKinds names the kinds of file that are most often dropped by mistake.
func refuseOtherKinds(head []byte) error {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, markUTF8), " \t\r\n")
	switch {
	case len(head) == 0:
		return errors.New("the file is empty")
	case bytes.HasPrefix(head, []byte("<")):
		return errors.New("the file is a web page and not CSV")
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return errors.New("the file is big-endian UTF-16: save it as CSV (UTF-8)")
	}
	return nil
}

// decoded gives the text of a file as UTF-8 without its byte order mark.
func (s survey) decoded(r io.Reader) io.Reader {
	switch s.encoding {
	case utf16Text:
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(r)
	case windowsText:
		return charmap.Windows1252.NewDecoder().Reader(r)
	case utf8Text:
	}
	return unicode.UTF8BOM.NewDecoder().Reader(r)
}
