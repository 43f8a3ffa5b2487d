from videos import layout

PROJECT, VIDEO, REVISION = "p00000000001", "vid_1", "r000000000000001"


def test_names_that_stored_objects_have_forever() -> None:
    assert layout.source_name(PROJECT, VIDEO, "upl_1") == "sources/p00000000001/vid_1/upl_1/source"
    cleaned = "sources/p00000000001/vid_1/upl_1/source-c1"
    assert layout.source_name(PROJECT, VIDEO, "upl_1", "c1") == cleaned
    folder = layout.rendition_folder(PROJECT, VIDEO, REVISION, "v720")
    assert folder == "renditions/p00000000001/vid_1/r000000000000001/v720"
    assert layout.init_name(folder) == f"{folder}/init.mp4"
    assert layout.segment_name(folder, 42) == f"{folder}/00042.m4s"
    assert layout.segment_name(folder, 123456) == f"{folder}/123456.m4s"
    made = f"renditions/{PROJECT}/{VIDEO}/{REVISION}"
    assert layout.image_folder(PROJECT, VIDEO, REVISION, "poster", 3) == f"{made}/poster-3"
    assert layout.image_folder(PROJECT, VIDEO, REVISION, "poster", 0) == made
    assert layout.track_name(PROJECT, VIDEO, "", "trk_1") == "tracks/p00000000001/vid_1/trk_1.vtt"
    embedded = layout.track_name(PROJECT, VIDEO, REVISION, "trk_1")
    assert embedded == f"renditions/{PROJECT}/{VIDEO}/{REVISION}/text/trk_1.vtt"


def test_each_object_lies_below_the_folders_that_are_purged() -> None:
    assert layout.source_name(PROJECT, VIDEO, "upl_1").startswith(layout.sources_folder(PROJECT, VIDEO) + "/")
    revision = layout.revision_folder(PROJECT, VIDEO, REVISION)
    assert revision.startswith(layout.video_folder(PROJECT, VIDEO) + "/")
    assert layout.rendition_folder(PROJECT, VIDEO, REVISION, "a0").startswith(revision + "/")
    assert layout.image_folder(PROJECT, VIDEO, REVISION, "poster", 1).startswith(revision + "/")
    assert layout.track_name(PROJECT, VIDEO, REVISION, "trk_1").startswith(revision + "/")
    assert layout.track_name(PROJECT, VIDEO, "", "trk_1").startswith(
        layout.tracks_folder(PROJECT, VIDEO) + "/"
    )
