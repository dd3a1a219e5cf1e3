package sheet

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// shown is as what a cell's style shows a number, and whether it is crossed out.
type shown struct{ date, time, struck bool }

// style gives what a style shows.
func (b *Book) style(id int) (shown, error) {
	if s, ok := b.styles[id]; ok {
		return s, nil
	}
	style, err := b.file.GetStyle(id)
	if err != nil {
		return shown{}, fmt.Errorf("a cell has a style that is not there: %w", errBroken)
	}
	s := builtIn(style.NumFmt)
	if style.CustomNumFmt != nil {
		s = ofFormat(*style.CustomNumFmt)
	}
	s.struck = style.Font != nil && style.Font.Strike
	b.styles[id] = s
	return s, nil
}

// builtIn says what the number formats are that have no code of their own (ECMA-376
// part 1, 18.8.30): 14 to 22 and 45 to 47 everywhere, 27 to 36 and 50 to 58 in
// languages of East Asia.
func builtIn(id int) shown {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return shown{date: true}
	case id == 22:
		return shown{date: true, time: true}
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id >= 45 && id <= 47, id == 55, id == 56:
		return shown{time: true}
	}
	return shown{}
}

// aside is what in a format's code stands for itself: quoted words, escaped and
// padding characters, and brackets other than those of elapsed time.
var aside = regexp.MustCompile(`"[^"]*"|\\.|_.|\*.|\[[^\]hms][^\]]*\]`)

// ofFormat reads the code of a number format, such as dd/mm/yyyy hh:mm. The part
// for positive numbers decides.
func ofFormat(code string) shown {
	code, _, _ = strings.Cut(aside.ReplaceAllString(strings.ToLower(code), ""), ";")
	if strings.Contains(code, "general") {
		return shown{}
	}
	s := shown{date: strings.ContainsAny(code, "dy"), time: strings.ContainsAny(code, "hs")}
	if !s.date && !s.time && strings.Contains(code, "m") {
		s.date = true // months alone
	}
	return s
}

// decode reads a whole part of the archive.
func (b *Book) decode(part string, into any) error {
	return xml.NewDecoder(b.part(part)).Decode(into)
}

// part gives the content of one part of the archive.
func (b *Book) part(name string) io.Reader {
	content, _ := b.file.Pkg.Load(name)
	raw, _ := content.([]byte)
	return bytes.NewReader(raw)
}
