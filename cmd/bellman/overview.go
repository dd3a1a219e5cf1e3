package main

import (
	"context"
	"errors"

	"bellman/configs"
)

// overview opens the ledger, gathers what there is to show of the practice with a
// code, or of every one when there is no code, and hands it to show.
func overview[T any](ctx context.Context, c *cli, practice string, of func(*app, configs.Practice) ([]T, error), show func(*app, []T) error) (err error) {
	a, err := c.whole(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	practices, err := named(a.cfg, practice)
	if err != nil {
		return err
	}
	rows := []T{}
	for _, p := range practices {
		more, err := of(a, p)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	return show(a, rows)
}
