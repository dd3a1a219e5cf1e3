package files

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// source says in our words what a text file is made of.
func (l layout) source(e encoding) string {
	kind := map[rune]string{',': "commas", ';': "semicolons", '\t': "tabs"}
	return fmt.Sprintf("%d columns between %s, in %s", l.width, kind[l.delimiter], e)
}

// preview is the table by which a person sees, before the first text, what each
// column was taken for, which are ignored, and what stands in them.
//
// Headings of the file are shown only here, where the row has proved to be the
// headings, and only when they look like nothing else.
func (g *grid) preview(t *table) []string {
	taken := make([]string, t.layout.width)
	for _, m := range g.columns {
		if at := t.layout.at[m.field]; at > 0 {
			taken[at-1] = m.key
		}
	}
	wide := utf8.RuneCountInString("heading")
	for _, h := range t.layout.headings {
		wide = max(wide, utf8.RuneCountInString(shownHeading(h)))
	}
	out := []string{t.source, fmt.Sprintf("column  %s  taken for   holds", padded("heading", wide))}
	for i, h := range t.layout.headings {
		as, holds := taken[i], ""
		if as == "" {
			as = "(ignored)"
		}
		if i < len(t.holds.columns) {
			holds = t.holds.columns[i].String()
		}
		out = append(out, strings.TrimRight(fmt.Sprintf("%6d  %s  %-10s  %s", i+1, padded(shownHeading(h), wide), as, holds), " "))
	}
	return append(out, g.suspicions(t, taken)...)
}

func padded(s string, wide int) string {
	return s + strings.Repeat(" ", max(0, wide-utf8.RuneCountInString(s)))
}

// harmless is what a heading looks like: letters and the signs that people put
// into headings, and no number longer than three digits.
var harmless = regexp.MustCompile(`^[\pL\pM0-9 .,:;/()?#&'%_+*-]{1,40}$`)

var longNumber = regexp.MustCompile(`[0-9]{4}`)

func shownHeading(h string) string {
	h = strings.Join(strings.Fields(h), " ")
	switch {
	case h == "":
		return "(none)"
	case !harmless.MatchString(h) || longNumber.MatchString(h):
		return "(not shown)"
	}
	return h
}

// suspicions says where columns do not look like what they were taken for. Nothing
// follows from it but a person's second look.
func (g *grid) suspicions(t *table, taken []string) []string {
	var out []string
	for i, c := range t.holds.columns {
		if i >= len(taken) {
			break
		}
		filled := min(t.holds.rows, profiled) - c.kinds["empty"]
		switch taken[i] {
		case "mobile":
			if n := c.kinds["mobile numbers"]; filled > 0 && n*2 < filled {
				out = append(out, fmt.Sprintf("column %d does not look like mobile numbers: is columns.mobile the right heading?", i+1))
			}
		case "date", "datetime":
			fits := c.fits()
			if c.dates == 0 || slices.Contains(fits, g.config.DateFormat) && len(fits) == 1 {
				continue
			}
			switch {
			case slices.Contains(fits, g.config.DateFormat):
				out = append(out, fmt.Sprintf("the dates in column %d are read as %s, as date_format says; they would also fit %s: make sure of it",
					i+1, g.config.DateFormat, strings.Join(without(fits, g.config.DateFormat), ", ")))
			case len(fits) > 0:
				out = append(out, fmt.Sprintf("the dates in column %d look like %s, and date_format says %s: change it if that is so",
					i+1, strings.Join(fits, " or "), g.config.DateFormat))
			}
		}
	}
	return out
}

func without(all []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == one })
}
