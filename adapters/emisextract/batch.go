package emisextract

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
)

// settle is how long a file must have been left alone before it is read: copying
// over a network pauses.
const settle = 2 * time.Minute

// clockSlack is how far EMIS' clock may run before ours.
const clockSlack = 10 * time.Minute

// batch is the files of one delivery.
type batch struct {
	batchID
	files map[table]named
}

// batches lists what the folder holds, in the order in which it is read in. Files
// of other names, other agreements and tables that we do not read are passed over.
func (a *Adapter) batches() ([]batch, error) {
	files, err := extract.List(a.config.Dir, func(name string) bool { return namePattern.MatchString(name) })
	if err != nil {
		return nil, err
	}
	found := map[batchID]map[table]named{}
	agreements := map[string]bool{}
	for _, f := range files {
		n, ok := parseName(f)
		if !ok || a.config.Agreement != "" && n.agreement != strings.ToLower(a.config.Agreement) {
			continue
		}
		agreements[n.agreement] = true
		if found[n.batch] == nil {
			found[n.batch] = map[table]named{}
		}
		if other, twice := found[n.batch][n.table]; twice && other.encrypted == a.encrypted() {
			continue // the one beside it, decrypted or not yet
		}
		found[n.batch][n.table] = n
	}
	if len(agreements) > 1 {
		return nil, errors.New("the folder holds files of more than one sharing agreement: set agreement to the GUID at the end of the files' names")
	}
	out := make([]batch, 0, len(found))
	for id, files := range found {
		out = append(out, batch{id, files})
	}
	slices.SortFunc(out, func(x, y batch) int {
		return strings.Compare(x.Stamp+x.IDs, y.Stamp+y.IDs)
	})
	return out, nil
}

// uploading is how long after the last file of a batch a missing one is waited for.
const uploading = time.Hour

// complete fails when the batch lacks a file, or one of them cannot be read yet.
// It says whether that will come by itself.
func (a *Adapter) complete(b batch) (why error, wait bool) {
	now := a.env.Clock.Now()
	var missing []string
	var newest time.Time
	for _, t := range a.config.tables() {
		f, ok := b.files[t]
		if !ok {
			missing = append(missing, string(t))
		}
		newest = gateway.Later(newest, f.Changed)
	}
	switch {
	case newest.After(now.Add(clockSlack)):
		return errors.New("a file was changed in the future: compare the clocks of this machine and of the one that holds the folder"), false
	case len(missing) > 0:
		return fmt.Errorf("it lacks %s", strings.Join(missing, ", ")), now.Sub(newest) < uploading
	case b.at().After(now.Add(clockSlack)):
		return errors.New("it is stamped in the future: compare this machine's clock"), false
	case now.Sub(newest) < settle:
		return errors.New("its files are still being written"), true
	}
	for _, t := range a.config.tables() {
		switch f := b.files[t]; {
		case f.encrypted && !a.encrypted():
			return fmt.Errorf("%s is encrypted, and no key is configured", t), false
		case !f.encrypted && a.encrypted():
			return fmt.Errorf("%s is not encrypted, and a key is configured: in clear nothing protects it against changes", t), false
		}
	}
	return nil, false
}

// next gives the batch that follows the one that is done; nil: there is none. It
// fails when one or more are missing between the two.
func (a *Adapter) next(all []batch, done batchID) (*batch, error) {
	i := slices.IndexFunc(all, func(b batch) bool { return b.Stamp > done.Stamp })
	if i < 0 {
		return nil, nil
	}
	b := &all[i]
	if i+1 < len(all) && all[i+1].Stamp == b.Stamp {
		return b, errors.New("two batches bear the same stamp")
	}
	if !a.follows(done, b.batchID) && !slices.Contains(a.config.KnownGaps, b.IDs) {
		return b, fmt.Errorf("something is missing between it and %s: put it into the folder, or ask EMIS for a full delivery", done)
	}
	return b, nil
}

// follows reports whether no batch is missing between two. EMIS does not say how
// that shows: ids that follow each other, or days.
func (a *Adapter) follows(before, after batchID) bool {
	_, last := before.span()
	first, _ := after.span()
	ids := first == last+1
	days := after.day() <= before.day()+1
	switch a.config.Continuity {
	case ContinuityIDs:
		return ids
	case ContinuityDays:
		return days
	}
	return ids || days
}

// bulkIn gives the last batch that bears the ids of the full delivery.
func (a *Adapter) bulkIn(all []batch) *batch {
	for i := range slices.Backward(all) {
		if all[i].IDs == a.config.Bulk {
			return &all[i]
		}
	}
	return nil
}
