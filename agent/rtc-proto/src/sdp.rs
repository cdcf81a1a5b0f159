//! Which track a section carries, read from a description: for servers that do not say so beside it.

use std::collections::BTreeMap;

/// Section ids and the track ids of their `a=msid` lines. What cannot be read is left out.
pub(crate) fn tracks_by_section(sdp: &str) -> BTreeMap<String, String> {
    let mut tracks = BTreeMap::new();
    let (mut section, mut track) = (None, None);
    for line in sdp.lines().chain(["m="]) {
        if line.starts_with("m=") {
            if let (Some(section), Some(track)) = (section.take(), track.take()) {
                tracks.insert(section, track);
            }
            (section, track) = (None, None);
        } else if let Some(mid) = line.strip_prefix("a=mid:") {
            section = Some(mid.trim().to_owned());
        } else if let Some(msid) = line.strip_prefix("a=msid:") {
            track = msid.split_whitespace().nth(1).map(str::to_owned);
        }
    }
    tracks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_without_a_track_are_left_out() {
        let sdp = "v=0\r\na=msid-semantic:WMS *\r\nm=application 9\r\na=mid:0\r\nm=audio 9\r\na=mid:1\r\n\
                   a=msid:PA_x|s TR_one\r\nm=audio 9\r\na=mid:2\r\na=inactive\r\nm=audio 9\r\na=msid:- TR_two\r\na=mid:3\r\n";
        let tracks = tracks_by_section(sdp);
        let expected =
            [("1", "TR_one"), ("3", "TR_two")].map(|(mid, track)| (mid.to_owned(), track.to_owned()));
        assert_eq!(tracks, BTreeMap::from(expected));
        assert!(tracks_by_section("a=mid:\u{0}\nm=").is_empty());
    }
}
