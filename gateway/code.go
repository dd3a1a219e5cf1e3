package gateway

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// VisitCode gives the four digits that tell one visit of a patient from another in
// a text and in its answer: CANCEL 4821. They never begin with 0 and say nothing of
// the patient. A visit at another start has another code, so that an answer to an
// old text fits nothing. Two visits may share one by chance: who reads a code looks
// whether it fits exactly one.
func VisitCode(p ODS, a Appointment) string {
	h := sha256.New()
	for _, part := range []string{string(p), string(a.Identity()), a.Start.UTC().Format("200601021504")} {
		_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		_, _ = h.Write([]byte(part))
	}
	return strconv.Itoa(1000 + int(binary.BigEndian.Uint64(h.Sum(nil))%9000))
}

// NamesVisit reports whether a visit's code stands by itself in a patient's words.
// Other figures may look like one by chance ("at 1045"): it shows a person where to
// look and decides nothing.
func NamesVisit(words, code string) bool {
	return slices.Contains(strings.Fields(fold(words)), code)
}
