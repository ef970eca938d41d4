//! Peers that behave: they are introduced, break off and come back.

use super::*;

#[tokio::test]
async fn two_peers_are_introduced() {
    let server = Running::start(Options::default()).await;
    let (mut first, created) = server.create("r").await;
    assert_eq!(first.start.version, VERSION);
    assert_eq!(created.author, Author(1));
    let (mut second, joined) = server.join("r").await;
    assert_eq!((joined.author, joined.members.as_slice()), (Author(2), [Author(1)].as_slice()));
    assert_eq!(first.hear().await, Response::RequestOffer(member("r", 2)));

    first.say(&relay(Signal::Offer, "r", Author(2), &"sdp")).await;
    let Response::Relayed(Signal::Offer, offer) = second.hear().await else { panic!("no offer") };
    assert_eq!((offer.from, offer.body.get()), (Author(1), "\"sdp\""));
    second.say(&relay(Signal::Answer, "r", Author(1), &"sdp")).await;
    second.say(&relay(Signal::Candidate, "r", Author(1), &["candidate"])).await;
    assert!(matches!(first.hear().await, Response::Relayed(Signal::Answer, _)));
    assert!(matches!(first.hear().await, Response::Relayed(Signal::Candidate, _)));

    second.say(&Request::RequestOffer(RequestOffer { room: "r".to_owned(), to: Author(1) })).await;
    assert_eq!(first.hear().await, Response::RequestOffer(member("r", 2)));
    second.say(&Request::Leave(Leave { room: "r".to_owned() })).await;
    assert_eq!(first.hear().await, Response::Left(member("r", 2)));
    server.stop().await;
}

#[tokio::test]
async fn ids_and_secrets_differ_and_cannot_be_guessed() {
    let server = Running::start(Options::default()).await;
    let mut texts = Vec::new();
    for _ in 0..3 {
        let peer = server.connect().await;
        texts.extend([peer.start.id, peer.start.secret]);
    }
    assert!(texts.iter().all(|text| text.len() == 32), "128 bits: {texts:?}");
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 6);
}

#[tokio::test]
async fn a_broken_connection_is_reclaimed() {
    let server = Running::start(Options::default()).await;
    let (mut first, _) = server.create("r").await;
    let (second, joined) = server.join("r").await;
    first.hear().await;
    let start = second.start.clone();
    drop(second);
    let mut again = server.connect().await;
    again.say(&reclaim(&start)).await;
    let Response::Reclaimed(reclaimed) = again.hear().await else { panic!("not reclaimed") };
    assert_eq!((reclaimed.id, reclaimed.rooms), (start.id, vec![joined]));
    assert_eq!(first.hear().await, Response::Present(member("r", 2)));
    again.say(&relay(Signal::Offer, "r", Author(1), &"again")).await;
    let Response::Relayed(_, offer) = first.hear().await else { panic!("no offer") };
    assert_eq!(offer.from, Author(2));
}

#[tokio::test]
async fn a_connection_that_was_replaced_is_told_so() {
    let server = Running::start(Options::default()).await;
    let (mut old, _) = server.create("r").await;
    let mut new = server.connect().await;
    new.say(&reclaim(&old.start)).await;
    assert!(matches!(new.hear().await, Response::Reclaimed(_)));
    assert_eq!(old.hear_end().await, (Code::Replaced, CloseCode::Normal));
    let (_, joined) = server.join("r").await;
    assert_eq!(joined.members, [Author(1)]);
    assert_eq!(new.hear().await, Response::RequestOffer(member("r", 2)));
}

#[tokio::test]
async fn grace_times_end_by_themselves_and_the_room_with_the_last() {
    let server = Running::start(Options { grace: Duration::from_millis(200), ..Options::default() }).await;
    let (mut first, _) = server.create("r").await;
    drop(server.join("r").await);
    assert_eq!(first.hear().await, Response::RequestOffer(member("r", 2)));
    assert_eq!(first.hear().await, Response::Left(member("r", 2)));
    drop(first);
    let mut other = server.connect().await;
    let created = async {
        loop {
            other.say(&create("r")).await;
            if let Response::Created(created) = other.hear().await {
                break created;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert_eq!(timeout(PATIENCE, created).await.expect("the room stays").author, Author(1));
}
