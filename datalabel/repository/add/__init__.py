"""The verb `add`: images and label sources on their way into staging."""
