"""Sources whose codec, colours or shape are the matter."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from tests.clips import QUICK_H264
from tests.corpus.making import X264, clip, coded, remuxed
from tests.corpus.source import Played, Source, steady

P3 = Played()
SMALL = (160, 90)
OPEN_GOP = (*X264, "-x264-params", "open-gop=1:keyint=24:min-keyint=24:scenecut=0:bframes=3:b-adapt=0")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1")
OPEN_HEVC = (*X265, "-x265-params", "log-level=none:open-gop=1:keyint=24:min-keyint=24:bframes=3:scenecut=0")
TEN_BIT_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1")
SVT = ("-c:v", "libsvtav1", "-preset", "12", "-g", "30", "-svtav1-params", "lp=1")
PRORES = ("-c:v", "prores_ks", "-profile:v", "2", "-pix_fmt", "yuv422p10le")
# The top row of numbers must stay readable: white stays near the top of the scale.
TO_PQ = "setparams=colorspace=bt709:color_trc=bt709:color_primaries=bt709,zscale=t=smpte2084:p=bt2020:m=bt2020nc:r=tv:npl=300"
TO_HLG = "setparams=colorspace=bt709:color_trc=bt709:color_primaries=bt709,zscale=t=arib-std-b67:p=bt2020:m=bt2020nc:r=tv"
HDR10 = (
    "log-level=none:keyint=30:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
)
HLG = "log-level=none:keyint=30:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"


def with_alpha(folder: Path) -> Path:
    return coded(
        "a.webm", "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-deadline", "realtime", "-cpu-used", "8",
        "-b:v", "1M", "-g", "30", "-auto-alt-ref", "0", duration_s=2,
    )(folder)  # fmt: skip


TWO = Played("30", 60)
CODECS = (
    Source("H.264 in MP4", "what most people send", clip("a.mp4"), P3),
    Source("portrait", "180 x 320", clip("a.mp4", size=(180, 320)), Played(size=(180, 320))),
    Source(
        "rotated by 90", "a phone held upright: display matrix",
        remuxed("r.mp4", input_args=("-display_rotation", "90")), Played(size=(180, 320), turned="transpose=1"),
    ),
    Source(
        "rotated by 180", "upside down", remuxed("r.mp4", input_args=("-display_rotation", "180")),
        Played(turned="rotate=180"),
    ),
    Source(
        "rotated by 270", "display matrix", remuxed("r.mp4", input_args=("-display_rotation", "270")),
        Played(size=(180, 320), turned="transpose=2"),
    ),
    Source("odd size", "321 x 181", clip("a.webm", size=(321, 181), fps="24"), Played("24", 72, size=(320, 180))),
    Source(
        "anamorphic", "PAL's pixels, 16:15", clip("a.mp4", size=(240, 192), output_args=("-vf", "setsar=16/15")),
        Played(size=(240, 180)),
    ),
    Source("tiny", "16 pixels high", clip("a.mp4", size=(160, 16)), Played(size=(160, 16))),
    Source("open GOP", "H.264 in MP4", coded("a.mp4", *OPEN_GOP), P3),
    Source("open GOP in MPEG-TS", "H.264", coded("a.ts", *OPEN_GOP), P3),
    Source("one key frame", "only the first", coded("a.mp4", *QUICK_H264, "-g", "9999"), P3),
    Source("key frames only", "an editor's H.264", coded("a.mp4", *QUICK_H264, "-g", "1"), P3),
    Source("no sound", "H.264 alone", clip("a.mp4", audio=False), Played(channels=0)),
    Source(
        "10-bit H.264", "High 10", coded("a.mp4", *QUICK_H264, "-pix_fmt", "yuv420p10le", duration_s=2), TWO),
    Source("4:2:2 H.264", "a camera's", coded("a.mp4", *QUICK_H264, "-pix_fmt", "yuv422p", duration_s=2), TWO),
    Source("4:4:4 H.264", "a screen recorder's", coded("a.mp4", *QUICK_H264, "-pix_fmt", "yuv444p", duration_s=2), TWO),
    Source("full range H.264", "a phone's", coded("a.mp4", *QUICK_H264, "-pix_fmt", "yuvj420p", duration_s=2), TWO),
    Source("HEVC", "closed GOP, MP4", coded("a.mp4", *X265, "-x265-params", "log-level=none:keyint=30"), P3),
    Source("HEVC with open GOP", "MP4", coded("a.mp4", *OPEN_HEVC), P3),
    Source("HEVC with open GOP in Matroska", "MKV", coded("a.mkv", *OPEN_HEVC), P3),
    Source("10-bit HEVC", "Main 10", coded("a.mp4", *TEN_BIT_HEVC, "-x265-params", "log-level=none:keyint=30", duration_s=2), TWO),
    Source(
        "HDR10", "HEVC, PQ, BT.2020, mastering data",
        coded("a.mp4", *TEN_BIT_HEVC, "-x265-params", HDR10, duration_s=2, output_args=("-vf", TO_PQ)), TWO),
    Source(
        "HLG", "HEVC, BT.2020: a phone's HDR",
        coded("a.mp4", *TEN_BIT_HEVC, "-x265-params", HLG, duration_s=2, output_args=("-vf", TO_HLG)), TWO),
    Source("VP8", "WebM with Vorbis", coded(
        "a.webm", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-g", "30",
        output_args=("-c:a", "libvorbis")), P3),
    Source("VP9", "WebM with Opus", clip("a.webm", fps="30000/1001"), Played("30000/1001", 90)),
    Source("VP9 with alpha", "WebM: the transparency is left out", with_alpha, TWO),
    Source("AV1 in MP4", "8 bit", coded("a.mp4", *SVT, "-pix_fmt", "yuv420p", duration_s=2), TWO),
    Source("AV1 in WebM", "10 bit, Opus", coded("a.webm", *SVT, "-pix_fmt", "yuv420p10le", duration_s=2), TWO),
    Source("MPEG-4 ASP", "AVI, packed as by Xvid, MP3", clip("a.avi", fps="25"), Played("25", 75)),
    Source("MPEG-2", "program stream, MP2", clip("a.mpg", fps="25"), Played("25", 75)),
    Source("MPEG-1", "program stream", coded(
        "a.mpg", "-c:v", "mpeg1video", "-q:v", "4", "-bf", "2", "-g", "15", fps="25"), Played("25", 75)),
    Source("VOB", "a DVD's: MPEG-2 and AC-3", coded(
        "a.vob", "-c:v", "mpeg2video", "-q:v", "4", "-bf", "2", "-g", "15", fps="25",
        output_args=("-c:a", "ac3", "-f", "vob")), Played("25", 75)),
    Source("MJPEG in MOV", "a camera's", coded("a.mov", "-c:v", "mjpeg", "-q:v", "4"), P3),
    Source("MJPEG in AVI", "PCM sound", coded(
        "a.avi", "-c:v", "mjpeg", "-q:v", "4", output_args=("-c:a", "pcm_s16le")), P3),
    Source("ProRes 422", "MOV, 10 bit", coded("a.mov", *PRORES, duration_s=2, output_args=("-c:a", "pcm_s24le")), TWO),
    Source("ProRes 4444", "MOV with alpha", coded(
        "a.mov", "-c:v", "prores_ks", "-profile:v", "4", "-pix_fmt", "yuva444p10le", duration_s=2), TWO),
    Source("DNxHR", "MOV", coded("a.mov", "-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p", size=(320, 180), duration_s=2), TWO),
    Source("DV in AVI", "a PAL tape: 720 x 576, 16:15", coded(
        "a.avi", "-c:v", "dvvideo", "-pix_fmt", "yuv420p", size=(720, 576), fps="25", duration_s=2,
        output_args=("-c:a", "pcm_s16le", "-aspect", "4/3")), Played("25", 50, size=(240, 180))),
    Source("DV in MOV", "an NTSC tape: 720 x 480", coded(
        "a.mov", "-c:v", "dvvideo", "-pix_fmt", "yuv411p", size=(720, 480), fps="30000/1001", duration_s=2,
        output_args=("-c:a", "pcm_s16le", "-aspect", "4/3")), Played("30000/1001", 60, size=(240, 180))),
    Source("Theora", "Ogg with Vorbis", coded("a.ogv", "-c:v", "libtheora", "-q:v", "7", "-g", "30", output_args=("-c:a", "libvorbis")), P3),
    Source("H.263 in 3GP", "an old phone's: 352 x 288 of 12:11, AMR", coded(
        "a.3gp", "-c:v", "h263", "-q:v", "3", size=(352, 288), fps="15",
        output_args=("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1", "-b:a", "12.2k")), Played("15", 45, size=(240, 180), channels=1)),
    Source("Sorenson in FLV", "MP3", coded("a.flv", "-c:v", "flv", "-q:v", "3", "-g", "30",
        output_args=("-c:a", "libmp3lame", "-ar", "44100")), P3),
    Source(
        "MS-MPEG-4", "AVI: DivX 3, an empty frame after the first",
        coded("a.avi", "-c:v", "msmpeg4", "-q:v", "4", "-g", "30"),
        Played(frames=91, pictures=((0, Fraction(0)), *steady("30", 89, first=1, late_s="1/15"))),
    ),
)  # fmt: skip
