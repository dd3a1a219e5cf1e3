package emisextract_test

import (
	"testing"

	"bellman/adapters/adaptertest/worstday"
)

func TestTheWorstDay(t *testing.T) {
	t.Run("in clear", func(t *testing.T) { worstday.Run(t, subject(false)) })
	t.Run("encrypted", func(t *testing.T) { worstday.Day(t, subject(true)) })
}
