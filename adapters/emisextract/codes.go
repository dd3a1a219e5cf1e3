package emisextract

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"bellman/adapters/extract"
	"bellman/gateway/ident"
)

// The codes by which practices record whether a patient takes texts (SNOMED CT and
// the Read codes of the same meaning). The pair for test results only (911361000000104,
// 911401000000108) is not about appointments and is left out.
var (
	usualDeclined  = []string{"513631000000106", "9ndQ"}
	usualConsented = []string{"699237001", "9ndP"}
)

func (c Config) declined() []string {
	if len(c.Declined) > 0 {
		return c.Declined
	}
	return usualDeclined
}

func (c Config) consented() []string {
	if len(c.Consented) > 0 {
		return c.Consented
	}
	return usualConsented
}

// listsDigest tells one choice of codes from another: the observations of a code
// that was not looked for are not kept, and come only with a full delivery.
func (c Config) listsDigest() string {
	sorted := func(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), ",") }
	return ident.Digest(sorted(c.declined()), sorted(c.consented()))
}

// mostCodes bounds how many of EMIS' own code ids may stand for our few codes.
const mostCodes = 1000

// columnsCodes are those of Coding_ClinicalCode.
var columnsCodes = []string{"CodeId", "ReadTermId?", "SnomedCTConceptId"}

// codeRow reads which of EMIS' own code ids say no to texts, and which yes.
func (t *intake) codeRow(_ context.Context, r *extract.Rows, at []int) error {
	if r.Problem() != "" && !r.Has(at[2]) {
		t.unread(r, r.Problem())
		return nil
	}
	for _, cell := range at[1:] {
		code := r.Bytes(cell)
		no, ok := t.wanted[string(code)]
		if !ok {
			no, ok = t.wanted[string(readCode(code))]
		}
		if ok {
			t.note(r.Text(at[0]), no)
		}
	}
	return nil
}

// wantedCodes gives the codes that are looked for, and whether each says no.
func (c Config) wantedCodes() map[string]bool {
	wanted := map[string]bool{}
	for _, code := range c.consented() {
		wanted[code] = false
	}
	for _, code := range c.declined() {
		wanted[code] = true
	}
	return wanted
}

// note remembers one of EMIS' code ids. Where the two systems of codes contradict
// each other, it says no.
func (t *intake) note(codeID string, no bool) {
	if t.facts.Codes == nil {
		t.facts.Codes = map[string]bool{}
	}
	if codeID != "" && len(codeID) <= 32 && len(t.facts.Codes) < mostCodes {
		t.facts.Codes[codeID] = no || t.facts.Codes[codeID]
	}
}

// readCode drops what may stand behind a Read code: the dots that fill it up to
// five characters ("9ndQ."), and the number of its term ("9ndQ.00", "9ndQ-1").
func readCode(b []byte) []byte {
	if i := bytes.IndexByte(b, '-'); i >= 0 {
		b = b[:i]
	}
	if len(b) == 7 {
		b = b[:5]
	}
	return bytes.TrimRight(b, ".")
}
