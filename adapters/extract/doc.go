// Package extract is what adapters of nightly extracts share: reading CSV of any
// size by the names of its columns, opening OpenPGP files, and keeping what a
// batch of files says so that the batch counts only when all of it is kept. It
// knows no vendor: names of files, columns and their meaning are the adapters'.
//
// No file is ever held in memory, nothing is written to disk, and no error
// repeats what stood in a file or what the file is called.
package extract

import (
	"errors"
	"io/fs"
)

// Why names the kind of a file error in our own words: those of the system hold
// the file's name.
func Why(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "this service may not read it"
	}
	return "it cannot be read"
}

// fault is an error in our own words.
type fault string

func (f fault) Error() string { return string(f) }

// inOurWords keeps an error that is in our own words, and names the kind of
// another.
func inOurWords(err error) error {
	if f, ok := errors.AsType[fault](err); ok {
		return f
	}
	return fault(Why(err))
}
