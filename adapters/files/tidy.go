package files

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"bellman/adapters/extract"
)

// Putting away: older exports go into the archive, an export that is certainly no
// good goes into quarantine, both only when the practice has named the folders and
// only while serving. The newest good file always stays where it is, since the diary
// is read from it again at every poll. Exporters and other processes may change the
// folder at any moment: only a file that still is what it was when the folder was
// listed is put away.
const (
	usualKeep   = 30  // days
	longestKeep = 366 // days
	// bellyUp is how long a file must have been left alone before it is given up.
	bellyUp = 10 * time.Minute
	// mostMoved bounds how many files one read puts away.
	mostMoved = 100
	// mostTried bounds how many older files are looked at for a good one.
	mostTried = 10
)

// fault is an error of reading a file that says nothing of what stands in it: a disk
// or a network that fails. Such a file is not given up.
type fault struct{ text string }

func (f fault) Error() string { return f.text }

// broken makes the error of a read that failed.
func broken(doing string, err error) error { return fault{doing + ": " + extract.Why(err)} }

// contents reports whether an error lies in what a file holds.
func contents(err error) bool {
	_, bad := errors.AsType[fault](err)
	return err != nil && !bad && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) &&
		!errors.Is(err, errGrowing) && !errors.Is(err, errFuture) && !errors.Is(err, errReplaced)
}

// archive puts away the files that came before a good one, the oldest first. It gives
// notes and never fails: that older files are still there harms nobody.
func (a *Adapter) archive(good dropped, older []dropped) []string {
	if !a.env.Serving || a.config.Archive == "" {
		return a.expire(a.config.Quarantine)
	}
	moved := 0
	for _, d := range slices.Backward(older) {
		if moved == mostMoved || !good.still(good.path) {
			break
		}
		switch err := a.putAway(d, a.config.Archive); {
		case errors.Is(err, errChanged):
		case err != nil:
			return []string{"older files could not be put into the archive: " + err.Error()}
		default:
			moved++
		}
	}
	notes := append(a.expire(a.config.Archive), a.expire(a.config.Quarantine)...)
	if moved > 0 {
		notes = append(notes, fmt.Sprintf("%d older files were put into the archive", moved))
	}
	return notes
}

// giveUp puts a file that is certainly no good into quarantine, so that the last
// good one counts again, and adds to the error what was done. read reads one of the
// older files. Where it can read none of them the fault may as well lie in the
// configuration, and nothing is gained: the file stays.
func (a *Adapter) giveUp(bad dropped, err error, older []dropped, read func(path string) error) error {
	if !a.env.Serving || a.config.Quarantine == "" || !contents(err) || a.env.Clock.Now().Sub(bad.info.ModTime()) < bellyUp {
		return err
	}
	good := func(d dropped) bool { return read(d.path) == nil }
	if !slices.ContainsFunc(older[:min(len(older), mostTried)], good) {
		return fmt.Errorf("%w (it is not put into quarantine: no older file in the folder can be read instead)", err)
	}
	switch problem := a.putAway(bad, a.config.Quarantine); {
	case errors.Is(problem, errChanged):
		return err
	case problem != nil:
		return fmt.Errorf("%w (and it could not be put into quarantine: %w)", err, problem)
	}
	return fmt.Errorf("%w (it was put into quarantine)", err)
}

// errChanged says that another process, or the exporter, was there first.
var errChanged = errors.New("the file was moved or replaced meanwhile")

// putAway moves one file, and its companion with it, into a folder of the same file
// system, under a name that tells nothing but when. Nothing is ever overwritten. A
// file that takes the other's place in the very moment of moving is put back.
func (a *Adapter) putAway(d dropped, into string) error {
	if err := private(into); err != nil {
		return err
	}
	mark, errMark := os.Lstat(d.path + companionEnd)
	if !d.still(d.path) {
		return errChanged
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	to := filepath.Join(into, a.env.Clock.Now().UTC().Format(stampForm)+"-"+hex.EncodeToString(b[:])+kindOfFile(d.path))
	if err := d.move(to); err != nil {
		return err
	}
	if errMark != nil {
		return nil
	}
	err := dropped{path: d.path + companionEnd, info: mark}.move(to + companionEnd)
	if errors.Is(err, errChanged) {
		return nil // it belongs to the next file of that name
	}
	return err
}

// move moves a file that still is what it was.
func (d dropped) move(to string) error {
	switch err := os.Rename(d.path, to); {
	case errors.Is(err, fs.ErrNotExist):
		return errChanged
	case err != nil:
		return errors.New("the folder must be on the same disk as dir, and this service must be allowed to write into both")
	case d.still(to):
		return nil
	}
	if _, err := os.Lstat(d.path); errors.Is(err, fs.ErrNotExist) {
		_ = os.Rename(to, d.path)
	}
	return errChanged
}

const stampForm = "20060102T150405Z"

// ours are the names that putAway gives.
var ours = regexp.MustCompile(`^([0-9]{8}T[0-9]{6}Z)-[0-9a-f]{16}\.[a-z]{2,4}(\.complete)?$`)

// kindOfFile gives the ending of a name when it is one of those that we read.
func kindOfFile(name string) string {
	if end := strings.ToLower(filepath.Ext(name)); slices.Contains([]string{".csv", ".tsv", ".txt", ".xlsx", ".ics"}, end) {
		return end
	}
	return ".file"
}

// private proves that a folder for what was put away can be entered by nobody but
// its owner and group. A folder that is not there is made.
func private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err == nil {
		return nil
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return errors.New("the folder is not there and cannot be made")
	case !info.IsDir():
		return errors.New("it is not a folder")
	case info.Mode().Perm()&0o007 != 0:
		return errors.New("everybody on this machine may look into the folder: take their rights away (chmod o-rwx)")
	}
	return nil
}

// expire removes what was put away more than Keep days ago, and nothing that did not
// come from us. It says what lies in quarantine.
func (a *Adapter) expire(dir string) []string {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	kept := 0
	for _, e := range entries {
		m := ours.FindStringSubmatch(e.Name())
		if m == nil || !e.Type().IsRegular() {
			continue
		}
		when, err := time.Parse(stampForm, m[1])
		if err == nil && a.env.Serving && a.env.Clock.Now().Sub(when) > time.Duration(a.keep())*24*time.Hour {
			_ = os.Remove(filepath.Join(dir, e.Name()))
			continue
		}
		if m[2] == "" {
			kept++
		}
	}
	if dir == a.config.Quarantine && kept > 0 {
		return []string{fmt.Sprintf("%d files lie in quarantine: they could not be read", kept)}
	}
	return nil
}

func (a *Adapter) keep() int {
	if a.config.Keep == 0 {
		return usualKeep
	}
	return a.config.Keep
}

// exposed warns of a folder into which everybody may put a diary.
func exposed(dir string) string {
	if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o002 != 0 {
		return "everybody on this machine may write into the folder, and so into the diary: take their rights away (chmod o-w)"
	}
	return ""
}
