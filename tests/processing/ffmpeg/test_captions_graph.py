from __future__ import annotations

from processing.ffmpeg.captions_graph import captions_graph


def test_the_graph_names_file_limits_and_stream() -> None:
    graph = captions_graph(
        "file:/scratch/source",
        {"protocol_whitelist": "file", "codec_whitelist": "h264,vp9"},
        demuxer="mov",
        stream_index=3,
    )
    assert graph == (
        "movie=filename=file\\\\:/scratch/source:format_name=mov:format_opts=protocol_whitelist=file\\\\:"
        "codec_whitelist=h264\\,vp9:stream_index=3[out0+subcc]"
    )


def test_no_name_ends_the_option_or_the_graph() -> None:
    graph = captions_graph("file:/a'b:c,d;e[f]g\\h", {}, demuxer="mov", stream_index=0)
    assert "/a\\\\\\'b\\\\:c\\,d\\;e\\[f\\]g\\\\\\\\h:format_name=mov" in graph
