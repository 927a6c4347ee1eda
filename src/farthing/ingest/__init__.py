"""The room that reads: walks folders, opens and decompresses, runs the readers, keeps what they found.

From paths to sessions, top to bottom:

    walk          paths -> files, sorted; what cannot be read becomes a line for the report
    blocks        one file -> decompressed blocks
    file_source   blocks -> lines with places, as readers want them
    formats       which reader knows a file
    part          spans <-> compact bytes, in shards, so that a corpus need not fit in memory
    reading       one file -> one part
    part_store    parts kept between runs
    workers       the same on all cores
    duplicates    which spans are copies of others, across all files
    sessions      a shard of all parts -> sessions
    intake        the whole road, and the only module that others need
    excerpt       text found again where it stands, with secrets masked

Nothing of a prompt is kept: parts hold digests, sizes, places and names.
"""
