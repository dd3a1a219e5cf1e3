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
)

// Putting away: older exports go into the archive, an export that is certainly no
// good goes into quarantine, both only when the practice has named the folders and
// only while serving. The newest good file always stays where it is, since the diary
// is read from it again at every poll.
const (
	usualKeep   = 30  // days
	longestKeep = 366 // days
	// bellyUp is how long a file must have been left alone before it is given up.
	bellyUp = 10 * time.Minute
	// mostMoved bounds how many files one read puts away.
	mostMoved = 100
)

// fault is an error of reading a file that says nothing of what stands in it: a disk
// or a network that fails. Such a file is not given up.
type fault struct{ text string }

func (f fault) Error() string { return f.text }

// broken makes the error of a read that failed.
func broken(doing string, err error) error { return fault{doing + ": " + why(err)} }

// contents reports whether an error lies in what a file holds.
func contents(err error) bool {
	_, bad := errors.AsType[fault](err)
	return err != nil && !bad && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) &&
		!errors.Is(err, errGrowing) && !errors.Is(err, errFuture) && !errors.Is(err, errReplaced)
}

// archive puts away the files that came before a good one. It gives notes and never
// fails: that older files are still there harms nobody.
func (a *Adapter) archive(good string) []string {
	if !a.env.Serving || a.config.Archive == "" {
		return a.expire(a.config.Quarantine)
	}
	found, err := listed(a.config.Dir, a.config.pattern())
	if err != nil {
		return nil
	}
	at := slices.IndexFunc(found, func(d dropped) bool { return d.name == filepath.Base(good) })
	moved := 0
	for _, d := range found[:max(at, 0)] {
		if moved == mostMoved {
			break
		}
		if a.isList(d.name) {
			continue
		}
		if err := a.putAway(d.name, a.config.Archive); err != nil {
			return []string{"older files could not be put into the archive: " + err.Error()}
		}
		moved++
	}
	notes := append(a.expire(a.config.Archive), a.expire(a.config.Quarantine)...)
	if moved > 0 {
		notes = append(notes, fmt.Sprintf("%d older files were put into the archive", moved))
	}
	return notes
}

// giveUp puts a file that is certainly no good into quarantine, so that the last
// good one counts again, and adds to the error what was done.
func (a *Adapter) giveUp(path string, err error) error {
	if !a.env.Serving || a.config.Quarantine == "" || !contents(err) {
		return err
	}
	info, problem := os.Lstat(path)
	if problem != nil || a.env.Clock.Now().Sub(info.ModTime()) < bellyUp {
		return err
	}
	if problem := a.putAway(filepath.Base(path), a.config.Quarantine); problem != nil {
		return fmt.Errorf("%w (and it could not be put into quarantine: %w)", err, problem)
	}
	return fmt.Errorf("%w (it was put into quarantine)", err)
}

// isList reports whether a file is the list of patients, which is no diary.
func (a *Adapter) isList(name string) bool {
	return a.config.Patients != nil && filepath.Clean(a.config.Patients.File) == filepath.Join(a.config.Dir, name)
}

// putAway moves one file, and its companion with it, into a folder of the same file
// system, under a name that tells nothing but when. Nothing is ever overwritten.
// Another process may have moved it already.
func (a *Adapter) putAway(name, into string) error {
	if err := private(into); err != nil {
		return err
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	to := filepath.Join(into, a.env.Clock.Now().UTC().Format(stampForm)+"-"+hex.EncodeToString(b[:])+kindOfFile(name))
	from := filepath.Join(a.config.Dir, name)
	for _, end := range []string{"", ".complete"} {
		err := os.Rename(from+end, to+end)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.New("the folder must be on the same disk as dir, and this service must be allowed to write into both")
		}
	}
	return nil
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
