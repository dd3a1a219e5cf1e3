package message

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Version is one wording with the version of its words.
type Version struct {
	Name    string // as policy.wording names it
	Version string // such as "v3"; it changes whenever a word does
	Digest  string // of all its words in every language, eight hexadecimal digits
}

// versions are those of the wordings as they stand now. A test holds them to the
// words: who changes a word raises the version.
var versions = map[string]string{defaultWording: "v3"}

// Versions lists every wording, by name.
func Versions() []Version {
	out := make([]Version, 0, len(wordings))
	for _, name := range slices.Sorted(maps.Keys(wordings)) {
		out = append(out, Version{Name: name, Version: versions[name], Digest: digest(wordings[name])})
	}
	return out
}

// VersionOf gives the version of a wording, "" of one that there is not.
func VersionOf(wording string) string { return versions[named(wording)] }

// digest stands for every word of a wording. Each sentence goes in with its length,
// so that none can pass into the next unseen.
func digest(w map[Language]script) string {
	h := sha256.New()
	for _, l := range slices.Sorted(maps.Keys(w)) {
		s := reflect.ValueOf(w[l])
		for i := range s.NumField() {
			words := s.Field(i).String()
			_, _ = h.Write(binary.BigEndian.AppendUint32([]byte{byte(l)}, uint32(len(words))))
			_, _ = fmt.Fprint(h, words)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:8]
}
