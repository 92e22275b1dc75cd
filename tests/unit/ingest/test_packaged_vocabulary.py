from chimera_dagster.ingest.packaged_vocabulary import packaged


def test_no_spelling_means_two_things():
    """A name stands for one metric per unit, and a unit's spelling for one canonical unit."""
    words = packaged()
    spelled = [spelling for spellings in words.units.values() for spelling in spellings]
    assert len(spelled) == len(set(spelled))
    names = [(name, metric.unit) for metric in words.metrics.values() for name in metric.names]
    assert len(names) == len(set(names))
