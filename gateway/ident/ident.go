// Package ident decides how the ids of clinical systems are shown. Our ids are
// written to logs and screens; what a system calls an id may be a name, an NHS
// number or a telephone number.
package ident

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// plain is the alphabet of ids that programs make.
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$`)

var letter = regexp.MustCompile(`[A-Za-z]`)

var digit = regexp.MustCompile(`[0-9]`)

// Shown gives an id as it stands when it may be shown to staff and written to
// logs. One that looks like a name (no digit, or letters beyond plain ones) or
// like a number of the NHS or of a telephone becomes its digest, also where the
// code of a hospital stands before it: "RJ1/9990000018".
func Shown(id string) string {
	if !plain.MatchString(id) || !digit.MatchString(id) || number(id) || slices.ContainsFunc(strings.Split(id, "/"), number) {
		return Digest("id", id)
	}
	return id
}

// number reports whether this may be a number of the NHS or of a telephone: nine
// digits or more and no letter.
func number(part string) bool {
	return len(digit.FindAllString(part, -1)) >= 9 && !letter.MatchString(part)
}

// Digest makes an id of values that may not be printed, which it hides from the
// eye. It does not keep them secret from somebody who tries all numbers there are:
// a system's own ids are better, where it has them.
func Digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:20]
}
