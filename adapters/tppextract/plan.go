package tppextract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
)

// tooNew is how long unpacked files must have been left alone before they are
// read: a zip has checksums, and they have none.
const tooNew = 2 * time.Second

// delivered is one extract that is there as a whole.
type delivered struct {
	name    string
	said    manifest
	restart bool // what was known before does not count
}

// survey looks which extracts are there that have not been taken in. What is not
// there as a whole waits, with the reason.
func (a *Adapter) survey(ctx context.Context, h head) (whole []delivered, waiting []string, err error) {
	names, err := bundleNames(a.config.Dir)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, nil, fmt.Errorf("look through the folder of extracts: %w", err)
		}
		if name <= h.Done && name != h.Loading {
			continue
		}
		said, err := a.inspect(ctx, name)
		if err != nil {
			waiting = append(waiting, fmt.Sprintf("%s is not taken in: %v", name, err))
			continue
		}
		whole = append(whole, delivered{name: name, said: said})
	}
	slices.SortFunc(whole, func(x, y delivered) int {
		return cmp.Or(strings.Compare(x.said.to, y.said.to), strings.Compare(x.name, y.name))
	})
	return whole, waiting, ctx.Err()
}

// inspect reads the manifest of one extract and looks whether all that it lists is
// there.
func (a *Adapter) inspect(ctx context.Context, name string) (manifest, error) {
	b, err := openBundle(a.config.Dir, name)
	if err != nil {
		return manifest{}, err
	}
	defer b.close()
	if _, ok := b.files[manifestName]; !ok {
		return manifest{}, errors.New("its manifest has not come")
	}
	m, err := readManifest(ctx, b)
	if err != nil {
		return m, err
	}
	missing := 0
	for table := range m.tables {
		if _, ok := b.files[table]; !ok {
			missing++
		}
	}
	to, err := moment(m.to)
	now := a.env.Clock.Now()
	switch {
	case err != nil:
		return m, err
	case missing > 0:
		return m, fmt.Errorf("%d of the %d files of its manifest have not come", missing, len(m.tables))
	case to.After(now.Add(gateway.Wobble)):
		return m, errors.New("it speaks for a time to come: look at this machine's clock")
	case b.newest.After(now.Add(gateway.Wobble)):
		return m, errors.New("its files were changed in the future: compare the clocks of this machine and of the one that holds the folder")
	case now.Sub(b.newest) < tooNew:
		return m, errors.New("its files are still being written")
	}
	return m, nil
}

// complete reports whether an extract holds everything that is needed, in full.
func (a *Adapter) complete(m manifest) bool {
	for _, l := range a.layouts {
		if !m.full(l.table) {
			return false
		}
	}
	return true
}

// errBegin says that there is nothing to begin with.
var errBegin = errors.New("there is no full extract to begin with: put the last full one and all since into the folder, " +
	"or ask TPP for a full one")

// chain gives the extracts to take in, in their order, each beginning no later than
// the one before it ends. With nothing known it begins at the last full one, and over
// a gap it goes on there.
func (a *Adapter) chain(h head, begun bool, whole []delivered) ([]delivered, error) {
	var out []delivered
	if !begun {
		i := a.lastFull(whole)
		if i < 0 {
			return nil, errBegin
		}
		first := whole[i]
		first.restart = true
		out, whole, h.To = append(out, first), whole[i+1:], first.said.to
	}
	for len(whole) > 0 {
		x := whole[0]
		full := a.complete(x.said)
		if !full && x.said.from > h.To {
			i := a.lastFull(whole)
			if i < 0 {
				return out, fmt.Errorf("a gap: the last extract ends at %s and the next, %s, begins at %s: "+
					"put what is missing into the folder, or ask TPP for a full extract", h.To, x.name, x.said.from)
			}
			whole[i].restart = true
			x, whole, full = whole[i], whole[i:], true
		}
		whole = whole[1:]
		if !full && x.said.from != "" && x.said.to <= h.To && x.name != h.Loading {
			continue // older than what is known
		}
		out = append(out, x)
		if full || x.said.from != "" {
			h.To = x.said.to
		}
	}
	return out, nil
}

// lastFull gives the place of the last full extract, or -1.
func (a *Adapter) lastFull(whole []delivered) int {
	i := len(whole) - 1
	for i >= 0 && !a.complete(whole[i].said) {
		i--
	}
	return i
}
