//! Words for a passphrase: easy to say, hard to take for each other.

use super::Secret;

/// How many make a passphrase: of 256 to choose from, three make 16 million, and a guesser has three
/// tries.
const COUNT: usize = 3;

const WORDS: &str = "\
    acorn alarm album alley almond amber anchor angel ankle apple apron arena arrow aspen atlas \
    autumn bacon badge bagel baker balcony bamboo banana banner barley barn basil basket beach \
    beacon beaver bell berry bicycle bird biscuit blanket blossom boat bonnet border bottle \
    boulder branch bread breeze brick bridge broom bubble bucket buffalo butter button cabin \
    cactus camel camera candle canoe canvas canyon carpet carrot castle cedar cello chalk cherry \
    chess chimney cinema circle circus citrus clover cobra cocoa coconut comet compass copper \
    coral cotton coyote cradle crayon cricket crystal cushion daisy dancer desert diamond dinner \
    dolphin donkey dragon drum eagle easel echo elbow ember engine falcon feather ferry fiddle \
    finger forest fossil fountain galaxy garden garlic ginger giraffe glacier glove goblet goose \
    gravel guitar hammer harbor harvest hazel helmet heron hockey honey hornet igloo indigo iris \
    island ivory jacket jaguar jasmine jelly jigsaw jungle kayak kettle kitten koala ladder \
    lagoon lantern laurel lemon leopard lilac lizard lobster locket magnet mango maple marble \
    meadow melon meteor mirror mitten monkey mosaic mountain muffin mustard napkin nectar needle \
    nutmeg oasis ocean olive onion orange orchard orchid otter oyster paddle palace panda papaya \
    parrot peanut pebble pelican pencil penguin pepper piano picnic pigeon pillow pirate planet \
    plum pocket pony poppy pretzel pumpkin puzzle python quartz rabbit raccoon radish rainbow \
    raven ribbon river robin rocket saddle saffron salmon sandal sapphire satchel scarf shovel \
    silver spider sponge squash summit sunset teapot temple thunder tiger tomato tractor \
    treasure trumpet tulip tunnel turtle velvet violin walnut whistle willow window winter \
    wizard yogurt zebra zipper";

/// A passphrase made of randomness.
pub fn words(randomness: &Secret) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let chosen = randomness.bytes().iter().filter_map(|&byte| words.get(usize::from(byte)).copied());
    chosen.take(COUNT).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_word_for_every_byte_and_none_twice() {
        let all: std::collections::BTreeSet<&str> = WORDS.split_whitespace().collect();
        assert_eq!(all.len(), 256);
        assert_eq!(words(&Secret::new([0; 32])).split('-').count(), COUNT);
        assert_ne!(words(&Secret::new([0; 32])), words(&Secret::new([255; 32])));
    }
}
