"""All of Holdfast as real processes among faults: what `holdfast soak` runs, and what it checks afterwards."""
